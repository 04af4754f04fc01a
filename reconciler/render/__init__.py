"""What people and machines read: plans, reports and drift as text and as JSON documents. Pure.

Text goes through `reconciler.render.page`, which alone knows colour and makes names harmless.
"""
