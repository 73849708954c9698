import RemoteTools
import ToolSupport

FetchTool.runAndExit()
