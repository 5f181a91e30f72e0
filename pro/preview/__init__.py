"""Screen proofs: a questionnaire as patients meet it, photographed from the real pages on a throw-away database."""
