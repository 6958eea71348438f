"""Who judges: attribution, sources, roles and stance."""
