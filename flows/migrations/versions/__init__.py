"""The revisions, named by number and subject; one head only."""
