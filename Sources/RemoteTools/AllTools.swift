import ToolSupport

/// Every command that takes a reference, for the multi-call binary.
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
