"""What callers send and are answered; checked here, where bytes come in."""
