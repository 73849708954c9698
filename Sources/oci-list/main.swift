import RemoteTools
import ToolSupport

ListTool.runAndExit()
