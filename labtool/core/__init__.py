"""The ground floor: what every task stands on. It knows no vendor and no lab."""
