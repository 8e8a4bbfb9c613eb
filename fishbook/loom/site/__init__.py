"""The site: what MkDocs makes of the woven files, and what is done to its pages."""
