import RemoteTools
import ToolSupport

FlattenTool.runAndExit()
