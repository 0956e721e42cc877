"""Understanding answers: from what a person typed to a JSON-safe value, or a kind refusal."""
