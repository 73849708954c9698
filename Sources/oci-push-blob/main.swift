import RemoteTools
import ToolSupport

PushBlobTool.runAndExit()
