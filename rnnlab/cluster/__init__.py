"""A study on other machines: what is sent to them, and the engines that run it there."""
