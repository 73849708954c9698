import RemoteTools
import ToolSupport

ArtifactTool.runAndExit()
