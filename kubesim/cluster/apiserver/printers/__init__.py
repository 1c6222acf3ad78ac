"""Table rows of `kubectl get`: pure functions of an object and the time."""

from kubesim.cluster.apiserver.printers.rows import Column, columns, pod_status, pod_summary, row, row_of

__all__ = ["Column", "columns", "pod_status", "pod_summary", "row", "row_of"]
