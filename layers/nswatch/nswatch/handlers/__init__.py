"""What Lambda calls. `functions/NAME/app.py` only names it: a function's own code is the same in all releases.

CloudFormation changes a function's code and its layers in two calls. Between them an invocation would run new code on
the old layer; what never changes is not in two places at once, and a release is one change: of the layer.
"""
