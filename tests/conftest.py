"""Shared surroundings of every test."""
