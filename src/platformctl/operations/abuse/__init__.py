"""The list of abuse that the services answer without harm, as promises of the same form as the contract's."""
