"""Where each registered class lives; written by ``python tools/write_index.py``."""

INDEX: dict[str, dict[str, str]] = {
    "METRICS": {
        "AUC": "posekit.evaluation.metrics.auc:AUC",
        "EPE": "posekit.evaluation.metrics.epe:EPE",
        "JhmdbPCKAccuracy": "posekit.evaluation.metrics.jhmdb_pck_accuracy:JhmdbPCKAccuracy",
        "MPJPE": "posekit.evaluation.metrics.mpjpe:MPJPE",
        "MpiiPCKAccuracy": "posekit.evaluation.metrics.mpii_pck_accuracy:MpiiPCKAccuracy",
        "NME": "posekit.evaluation.metrics.nme:NME",
        "PCKAccuracy": "posekit.evaluation.metrics.pck_accuracy:PCKAccuracy",
        "SimpleMPJPE": "posekit.evaluation.metrics.simple_mpjpe:SimpleMPJPE",
    },
    "MODELS": {
        "BaseDataPreprocessor": "posekit.models.data_preprocessors.base:BaseDataPreprocessor",
    },
}
