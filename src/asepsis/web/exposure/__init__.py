"""What could hurt a patient: findings, advisories, and the risk of every device, now and over time."""
