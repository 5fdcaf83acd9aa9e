"""rules own the nouns and the judgement: whose turn it is, until when, and what can be done."""

HOUSE = "offerwatch"
