"""How decisions leave: datasets and formats."""
