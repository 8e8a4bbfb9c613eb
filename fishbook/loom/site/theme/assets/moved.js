// Leads from an old address to the new one, with the place that the old one names.
{
  const goal = document.querySelector("link[rel=canonical]").getAttribute("href");
  location.replace(location.hash ? goal.split("#")[0] + location.hash : goal);
}
