"""The shell: every face to the world, and the one place that wires the parts."""
