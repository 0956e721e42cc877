"""Tests of the dialogs: the engine, what is understood, and whole conversations."""
