"""Parts without physics, used by all other packages."""
