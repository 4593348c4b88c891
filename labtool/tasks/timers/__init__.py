"""The lab's timers: written for cron or systemd, or run here when they are due."""
