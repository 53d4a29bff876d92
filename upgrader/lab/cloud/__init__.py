"""The cloud's OpenAPI: one state machine, its protocols at the edge, one small function for each action."""
