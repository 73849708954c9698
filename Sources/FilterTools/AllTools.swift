import ToolSupport

/// Every command that needs no network, for the multi-call binary.
public let filterTools: [any Tool.Type] = [
    ConfigTool.self,
    ManifestAppendTool.self,
]
