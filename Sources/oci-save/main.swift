import RemoteTools
import ToolSupport

SaveTool.runAndExit()
