"""`labtool slack-bot`: what is said to the bot in Slack, kept before it is acknowledged, done once,
and answered in the thread.
"""
