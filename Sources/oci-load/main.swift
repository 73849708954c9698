import RemoteTools
import ToolSupport

LoadTool.runAndExit()
