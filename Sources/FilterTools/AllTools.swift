import ToolSupport

/// Every command that needs no network, for the multi-call binary.
public let filterTools: [any Tool.Type] = [
    ConfigTool.self,
    DigestTool.self,
    ManifestAppendTool.self,
    TarTool.self,
    ZstdTool.self,
]
