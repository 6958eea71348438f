"""What things are: stories, claims, the label set, tasks out and back."""
