import ToolSupport

/// Every command that needs no network, for the multi-call binary.
public let filterTools: [any Tool.Type] = [
    CollectTool.self,
    ConfigTool.self,
    ConvertTool.self,
    DiffTool.self,
    DigestTool.self,
    InspectTool.self,
    LayersTool.self,
    ManifestAppendTool.self,
    ProvenanceTool.self,
    ReuseTool.self,
    RuntimeConfigTool.self,
    SnapshotTool.self,
    StepTool.self,
    TarTool.self,
    UntarTool.self,
    ZstdTool.self,
]
