"""The widgets of the main screen; each shows a part of the board and asks nothing of AWS."""
