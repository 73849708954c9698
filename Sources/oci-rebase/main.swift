import RemoteTools
import ToolSupport

RebaseTool.runAndExit()
