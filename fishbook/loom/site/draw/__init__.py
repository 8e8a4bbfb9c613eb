"""The page where readers draw a digit."""
