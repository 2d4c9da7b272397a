"""What training leaves: checked, loaded, merged, exported, described."""
