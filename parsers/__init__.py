"""parsers turn a mail into the nouns of rules, and nothing else."""

HOUSE = "offerwatch"
