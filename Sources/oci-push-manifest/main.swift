import RemoteTools
import ToolSupport

PushManifestTool.runAndExit()
