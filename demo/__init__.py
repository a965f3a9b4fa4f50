"""The demo: a simulated shop and a simulated CRM that live beside a hub and use only what everybody may use.

`retail-hub demo` finds it by entry point (group `retail_hub.demo`): `addresses` says where its
systems will listen, before the hub starts; `day` plays the day against the hub that runs.
"""
