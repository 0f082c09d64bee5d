"""The viewer: analyses -> a scene, and the JavaScript that draws it. It knows no server; nlviz.ui gives it one."""
