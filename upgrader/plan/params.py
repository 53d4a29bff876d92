"""The parameters of the step kinds, under the name that plan's readers know; they live in the model, below all."""

from upgrader.model.params import (
    CCM_ADDON,
    PARAMS,
    AddonParams,
    Params,
    PolicyVersionParams,
    RbacRule,
    RbacRulesParams,
    StepKind,
    TagParams,
    WorkloadParams,
    decode_params,
    encode_params,
)

__all__ = [
    "CCM_ADDON", "PARAMS", "AddonParams", "Params", "PolicyVersionParams", "RbacRule", "RbacRulesParams", "StepKind",
    "TagParams", "WorkloadParams", "decode_params", "encode_params",
]  # fmt: skip
