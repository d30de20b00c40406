"""pandas: read, one DataFrame, eight columns reckoned, add by 100. Arguments: URL, token."""

import sys

import pandas as pd
from by_hand import STATES, Api, flat, payload

api = Api(*sys.argv[1:])
frame = pd.DataFrame([flat(record) for page in api.pages(1) for record in page])
frame["findings"] = frame["findings"] + "\n-- " + frame["reporter"]
frame["machine"] = frame["machine"].str.strip() + " (" + frame["state"] + ")"
frame["site"] = frame["site"].str.upper()
frame["reporter"] = frame["reporter"].str.lower()
frame["phone"] = frame["phone"].str.replace("-", "", regex=False)
frame["hours"] = (frame["hours"].astype(int) + 1).astype(str)
frame["state"] = frame["state"].map(STATES)
frame["skills"] = frame["skills"].map(sorted)
api.add([payload(values) for values in frame.to_dict("records")])
