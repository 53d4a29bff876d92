"""Digests of the facts, part by part, without what moves by itself."""
