"""Parts without physics that every floor uses."""
