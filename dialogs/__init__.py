"""Dialogs (对话): the pure finite-state engine, the dialogs and the understanding of answers."""
