import ToolSupport

/// The tools that take a reference, for the binary that is all of them.
public let remoteTools: [any Tool.Type] = [
    FetchTool.self,
    LoadTool.self,
    PushBlobTool.self,
    PushManifestTool.self,
    SaveTool.self,
]
