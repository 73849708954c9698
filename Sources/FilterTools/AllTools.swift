import ToolSupport

/// Every command that needs no network, for the multi-call binary.
public let filterTools: [any Tool.Type] = [
    ConfigTool.self,
    ConvertTool.self,
    DiffTool.self,
    DigestTool.self,
    InspectTool.self,
    ManifestAppendTool.self,
    SnapshotTool.self,
    TarTool.self,
    ZstdTool.self,
]
