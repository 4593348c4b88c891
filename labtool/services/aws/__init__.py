"""Amazon Web Services, read through boto3: what there is, how it does, what it costs."""
