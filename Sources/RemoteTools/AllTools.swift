import ToolSupport

/// The tools that take a reference, for the binary that is all of them.
public let remoteTools: [any Tool.Type] = [
    ArtifactTool.self,
    CompareTool.self,
    DeleteTool.self,
    DockerfileTool.self,
    DoctorTool.self,
    FetchTool.self,
    FlattenTool.self,
    ListTool.self,
    LoadTool.self,
    LoginTool.self,
    PushBlobTool.self,
    PushManifestTool.self,
    RebaseTool.self,
    SaveTool.self,
    SignTool.self,
    ValidateTool.self,
    VerifyTool.self,
]
