"""How right what is said of weaknesses, disclosure forms, risk and the plan is on the recorded hospital."""
