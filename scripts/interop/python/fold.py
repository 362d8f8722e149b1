"""What the programs of this folder share: the cursor, the rules for a batch (PROTOCOL.md, "What a client does with a
batch"), and the lines that they print."""

import json


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Fold:
    """Holds the cursor, and prints what is applied."""

    def __init__(self, cursor=None):
        self.cursor = cursor

    def start_over(self, snapshot):
        self.cursor = snapshot["cursor"]
        say("snapshot", snapshot=snapshot)

    def apply(self, batch):
        """Returns False if something is missing; the caller then follows again from the cursor."""
        epoch, _, offset = (self.cursor or "").partition(":")
        if batch["epoch"] == epoch and batch["to"] <= int(offset):
            return True
        if batch["epoch"] != epoch or batch["from"] != int(offset):
            return False
        self.cursor = f"{batch['epoch']}:{batch['to']}"
        say("batch", batch=batch)
        return True
