-- Users and what they may do; the runs are in the database mlflow.
CREATE DATABASE mlflow_auth;
