"""What happens: the only writers; every verb writes state, event, effects and messages in one transaction."""
