import RemoteTools
import ToolSupport

DeleteTool.runAndExit()
